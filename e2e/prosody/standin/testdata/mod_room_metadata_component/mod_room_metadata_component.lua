-- STAND-IN, for usher's tests only: Jitsi's module of this name keeps what others store with a room. Ours store nothing.

module:get_option_string("muc_component");
