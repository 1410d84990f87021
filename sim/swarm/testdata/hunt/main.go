// Command hunt plays seeds until one violates a property, shrinks it, and prints the seed, the
// property, the number of actions before and after, and what was found: TestMutants builds it with
// planted bugs.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"toychain/sim/swarm"
)

func main() {
	most, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	for seed := 1; seed <= most; seed++ {
		plan := swarm.Draw(uint64(seed))
		out, err := swarm.Try(ctx, plan.Seed)
		if err != nil {
			panic(err)
		}
		if v := out.Violation; v != nil {
			small, found := swarm.Shrink(ctx, plan, v, 100)
			fmt.Println(seed, found.Property, len(plan.Actions), len(small.Actions), found.Text)
			return
		}
	}
	fmt.Println(0, "none", 0, 0)
}
