using Ingest.Core.Pool;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool;

public sealed class LocalFileTests
{
    /// <summary>A client whose request was given up may go on reading what it was to send.</summary>
    [Fact]
    public async Task After_a_use_that_failed_its_content_can_still_be_read()
    {
        using var folder = new TemporaryFolder();
        var content = new byte[100_000];
        new Random(1).NextBytes(content);
        using var file = new LocalFile(Path.Combine(folder.Path, "x"));
        await using (var stream = file.Create()) await stream.WriteAsync(content, TestContext.Current.CancellationToken);
        ReadOnlyMemory<byte> held = default;
        await Assert.ThrowsAsync<IOException>(async () => await file.UseAsync<bool>(memory =>
        {
            held = memory;
            throw new IOException("given up");
        }));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(held.Span.SequenceEqual(content));
        Assert.True(await file.UseAsync(memory => ValueTask.FromResult(memory.Span.SequenceEqual(content))));
    }
}
