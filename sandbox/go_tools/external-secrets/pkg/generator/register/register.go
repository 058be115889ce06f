// Package register leaves out the generators, which bring other clouds' libraries along.
package register
