"""Look-ups of certified addresses: in IPA's open data first, then, for money, in the provider's registers."""
