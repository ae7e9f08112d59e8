"""What is written: each kind of output says which files there shall be and what is in them; `deliver` writes them."""
