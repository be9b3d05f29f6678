"""The long proofs: real processes, real SIGKILL, the vendor's own ledger as the judge."""
