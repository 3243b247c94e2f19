"""The text-message face."""
