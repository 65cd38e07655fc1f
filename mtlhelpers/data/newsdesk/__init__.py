"""newsdesk: the corpus that ships with the package, made from text files beside this.

Hand-written sentences (`sentences/<topic>.txt`) hold inline marks; lists of words
(`lists/<type>/<class>.txt`) say what a marked word may be exchanged for. README.md is
the data card.
"""
