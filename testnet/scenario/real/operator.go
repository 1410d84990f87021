package real

import (
	"context"

	"toychain/block"
	"toychain/rpc"
)

// Invalidate is invalidateblock.
func (w *World) Invalidate(ctx context.Context, node string, b block.Hash) error {
	return w.overrule(ctx, node, b, (*rpc.Client).Invalidate)
}

// Reconsider is reconsiderblock.
func (w *World) Reconsider(ctx context.Context, node string, b block.Hash) error {
	return w.overrule(ctx, node, b, (*rpc.Client).Reconsider)
}

func (w *World) overrule(ctx context.Context, node string, b block.Hash, do func(*rpc.Client, context.Context, block.Hash) error) error {
	c, err := w.net.Client(node)
	if err != nil {
		return err
	}
	return w.did(do(c, ctx, b))
}

func (w *World) Lose(ctx context.Context, node, what string) error {
	return w.did(w.net.Lose(ctx, node, what))
}
