package activities

// Ref names the step. Inputs that hold a StepRef inherit it, so that observers
// find it in any of them.
func (r StepRef) Ref() StepRef { return r }
