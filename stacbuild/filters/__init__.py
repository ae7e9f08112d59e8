"""One stage as a filter: `transform`, `extend`, `patch`, and `convert` from form to form. The same code as in a build.

Never: the network, the store, the memory, or a change of any file but the one that is asked for.
"""
