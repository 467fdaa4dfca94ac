"""Builds, measures and describes the container images of the line."""
