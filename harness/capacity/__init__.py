"""How much a control plane carries: load in steps until a service level is missed, what was busy then, what a call costs."""
