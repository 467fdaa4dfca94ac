"""One signal, found again and computed again."""
