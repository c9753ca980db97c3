using Ingest.Core;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class StoreProbeTests
{
    [Fact]
    public async Task A_store_that_overwrites_is_refused_with_a_reason()
    {
        var refusal = await StoreProbe.RunAsync(new Overwriting(new MemoryStore(), CreateOutcome.Created), IdSource.System, CancellationToken.None);
        Assert.Contains("let a second create", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_says_no_but_overwrites_is_refused_with_a_reason()
    {
        var refusal = await StoreProbe.RunAsync(new Overwriting(new MemoryStore(), CreateOutcome.AlreadyExists), IdSource.System, CancellationToken.None);
        Assert.Contains("changed its content all the same", refusal, StringComparison.Ordinal);
    }

    /// <summary>Like an S3 look-alike that takes the condition header and ignores it.</summary>
    private sealed class Overwriting(MemoryStore inner, CreateOutcome second) : IObjectStore
    {
        public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            var outcome = await inner.SizeAsync(name, cancellation) is null ? CreateOutcome.Created : second;
            await inner.ReplaceAsync(name, content, cancellation);
            return outcome;
        }

        public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => inner.ReplaceAsync(name, content, cancellation);

        public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => inner.ReadAsync(name, cancellation);

        public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => inner.CopyToAsync(name, destination, cancellation);

        public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => inner.SizeAsync(name, cancellation);

        public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation) =>
            inner.ListAsync(prefix, after, cancellation);

        public ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);
    }
}
