"""Why things are as they are: the facts for `attune explain`, gathered from the store, the fleet, the catalogs and the mirror."""
