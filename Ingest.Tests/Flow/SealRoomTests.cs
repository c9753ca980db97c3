using Ingest.Core.Flow.Runtime;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Flow;

public sealed class SealRoomTests
{
    [Fact]
    public void Sealing_takes_of_the_budget_what_it_needs_up_to_a_bound_and_gives_all_of_it_back()
    {
        var budget = new ByteBudget(1_000);
        var room = new SealRoom(budget, 300);
        Assert.Equal([100, 250, 250, 300], new long[] { 100, 250, 50, 900 }.Select(bytes =>
        {
            room.Take(bytes);
            return budget.UsedBytes;
        }));
        room.GiveBack();
        Assert.Equal(0, budget.UsedBytes);
        room.Take(10);
        Assert.Equal(10, budget.UsedBytes);
    }
}
