"""One suite of calls for every server of the Execution API: the fake, a real one, or anybody's."""
