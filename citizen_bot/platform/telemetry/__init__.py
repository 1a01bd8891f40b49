"""What the service tells of itself: JSON logs without personal data (`logs`), a request's id (`requests`), and
Prometheus metrics (`metrics`)."""
