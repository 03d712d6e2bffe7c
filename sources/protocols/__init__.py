"""How publishers' services work: how requests are built, split, paged, found in lists and waited for."""
