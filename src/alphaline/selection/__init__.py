"""Which features earn their place: redundancy, importance and stability over folds."""
