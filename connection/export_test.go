package connection

// SetQuickAck switches off, or on again, that the client's last #WELCOME# is acknowledged at once.
func SetQuickAck(on bool) { quickAck = on }

// Stale is stale.
var Stale = stale
