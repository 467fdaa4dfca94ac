"""One module per kind of model, each with ``train``; the catalogue imports the one that is asked for."""
