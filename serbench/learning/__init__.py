"""Fit and predict: the model contract, the harness that trains networks, augmentation."""

from __future__ import annotations
