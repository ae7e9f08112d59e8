"""Where records come from: a kind of source a file. Never maps, validates, writes or remembers."""
