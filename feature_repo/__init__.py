"""The Feast repository: entity, feature views and feature services over one data root."""
