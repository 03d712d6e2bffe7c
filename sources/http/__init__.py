"""The HTTP client: sends requests within a publisher's limits, and accepts only the payloads that were requested."""
