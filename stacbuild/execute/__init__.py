"""Where chunks are worked on: in this process or in others. The same chunks give the same results everywhere."""
