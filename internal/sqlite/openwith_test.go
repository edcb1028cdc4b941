package sqlite

// OpenWith is Open with a journal that tests make.
var OpenWith = open
