"""The recipe language: from a TOML file to structs that are known to be good. Never fetches, never writes."""
