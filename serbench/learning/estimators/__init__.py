"""Fitted estimators of scikit-learn: their numbers to arrays and back, and what they cost."""
