"""Checks and writes what watches the line: alert rules, dashboards, routes of alerts."""
