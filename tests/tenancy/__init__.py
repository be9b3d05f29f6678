"""Every address × every role × one's own, a foreign and a missing object; made from the resolver."""
