"""What the steps of the pipeline do, as plain functions over files; the components only call them."""
