'use strict';

// lib-jitsi-meet looks for jQuery by the name that bundlers give it.
window.jquery = window.jQuery;
