using System.Threading.Channels;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Wakes one waiting loop. Any number of sets before a wait are one.</summary>
internal sealed class Signal
{
    private readonly Channel<byte> _channel = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(0);

    public async ValueTask WaitAsync(CancellationToken cancellation) => await _channel.Reader.ReadAsync(cancellation);
}
