"""The portal watching itself: alerts, signs of life, the installation's identity, the audits of its own rows."""
