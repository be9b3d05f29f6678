"""The vendor's own POST /send and GET /send/{id} (pecmassiva.openapi.json), for programs that were written for them."""
