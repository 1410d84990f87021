package main

import "syscall/js"

func main() {
	js.Global().Set("toychainLab", js.FuncOf(func(_ js.Value, args []js.Value) any {
		t, err := open(args[0].String(), args[1].String())
		if err != nil {
			return err.Error()
		}
		return js.FuncOf(func(_ js.Value, args []js.Value) any { return answer(t, args[0].String()) })
	}))
	js.Global().Call("toychainReady")
	select {}
}
