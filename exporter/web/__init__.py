"""The HTTP server: metrics for Prometheus, health checks, and a landing page for people."""
