"""Figures for Prometheus: what they are, and the page on which it reads them. Imported only where they are wanted."""
