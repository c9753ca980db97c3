using Ingest.Core.Normalizing;

namespace Ingest.Tests.Normalizing;

public sealed class FieldSortTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    public void Equal_fields_stay_as_they_came(int count)
    {
        var sort = new FieldSort<(int Name, int Came)>((a, b) => a.Name.CompareTo(b.Name));
        for (var names = 1; names < 40; names += 3)
        {
            var fields = Enumerable.Range(0, count).Select(i => (i * 7919 % names, i)).ToArray();
            var expected = fields.OrderBy(f => f.Item1).ToArray();
            sort.Sort(fields);
            Assert.Equal(expected, fields);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hundred_thousand_in_the_worst_order_take_few_comparisons(bool isDescending)
    {
        const int Count = 100_000;
        var comparisons = 0L;
        var sort = new FieldSort<int>((a, b) =>
        {
            comparisons++;
            return a.CompareTo(b);
        });
        var fields = Enumerable.Range(0, Count).Select(i => isDescending ? Count - i : i * 7919 % Count).ToArray();
        sort.Sort(fields);
        Assert.Equal(fields.Order(), fields);
        Assert.InRange(comparisons, Count, Count * 17L * 3);
    }

    [Fact]
    public void The_order_of_the_last_ones_is_tried_first()
    {
        const int Count = 16_384;
        var comparisons = 0;
        var sort = new FieldSort<int>((a, b) =>
        {
            comparisons++;
            return a.CompareTo(b);
        });
        sort.Sort(Descending());
        for (var row = 0; row < 10; row++)
        {
            comparisons = 0;
            var fields = Descending();
            sort.Sort(fields);
            Assert.Equal(Enumerable.Range(1, Count), fields);
            Assert.Equal(Count - 1, comparisons);
        }

        static int[] Descending() => [.. Enumerable.Range(0, Count).Select(i => Count - i)];
    }
}
