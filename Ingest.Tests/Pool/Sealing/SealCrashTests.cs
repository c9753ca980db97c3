using Ingest.Core.Pool.Sealing;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>A sealer dies at every single call to the store; a glob shows no row twice, and the next sealer finishes what was begun.</summary>
public sealed class SealCrashTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_anywhere_leaves_each_row_once_and_the_next_sealer_goes_on(bool afterActing)
    {
        for (var diesAt = 0; ; diesAt++)
        {
            using var table = new SealedTable();
            for (var i = 0; i < 6; i++) await table.CommitAsync(3, 20_000 + (i % 2));
            var dying = new MortalStore(table.Store, diesAt, afterActing, mayDelete: false);
            try
            {
                await table.Sealer(dying).RunOnceAsync(SealScope.All, default);
            }
            catch (MortalStore.KilledException)
            {
                // as planned
            }

            await table.AssertRightAsync();
            await table.CommitAsync(3);
            await table.SealAsync();
            await table.AssertRightAsync();
            Assert.InRange((await table.GlobAsync()).Count, 2, 3);
            Assert.Equal(await table.LiveAsync(), await table.GlobAsync());
            if (!dying.IsDead) return;
        }
    }
}
