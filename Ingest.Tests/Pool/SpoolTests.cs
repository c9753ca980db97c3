using Ingest.Core.Pool;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool;

public sealed class SpoolTests
{
    [Theory]
    [InlineData(1 << 20, 0)]
    [InlineData(20 << 20, 1)]
    public async Task Many_bytes_lie_in_a_file_few_in_memory_and_all_read_back(int bytes, int files)
    {
        using var folder = new TemporaryFolder();
        var content = new byte[bytes];
        new Random(7).NextBytes(content);
        using (var spool = new Spool(folder.Path))
        {
            for (var at = 0; at < bytes; at += 100_000) await spool.WriteAsync(content.AsMemory(at, Math.Min(100_000, bytes - at)));
            Assert.Equal(files, Directory.GetFiles(folder.Path).Length);
            Assert.True(await spool.UseAsync(shown => new ValueTask<bool>(shown.Span.SequenceEqual(content))));
            spool.Position = bytes - 10;
            var end = new byte[20];
            Assert.Equal(10, await spool.ReadAsync(end));
            Assert.Equal(content[^10..], end[..10]);
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task A_copy_that_is_begun_again_holds_what_the_second_attempt_wrote()
    {
        using var folder = new TemporaryFolder();
        using var spool = new Spool(folder.Path);
        await spool.WriteAsync(new byte[10 << 20]);
        spool.Position = 0;
        spool.SetLength(0);
        await spool.WriteAsync("abc"u8.ToArray());
        Assert.True(await spool.UseAsync(shown => new ValueTask<bool>(shown.Span.SequenceEqual("abc"u8))));
    }
}
