"""What tests share: small data, models and pages, and pictures of every kind."""
