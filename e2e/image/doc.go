// Package image holds a test alone: does usher run as its image has it, with the configuration of deploy/docker?
package image
