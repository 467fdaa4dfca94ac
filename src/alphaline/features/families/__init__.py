"""The table of operators by family; ``alphaline.features.operators`` joins them."""
