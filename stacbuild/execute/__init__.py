"""Where tasks are done: in this process or in others. The same tasks give the same results everywhere."""
