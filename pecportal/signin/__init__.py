"""The one door for clerks and operators: sign-in, second factors, sessions, and asking again before what matters."""
