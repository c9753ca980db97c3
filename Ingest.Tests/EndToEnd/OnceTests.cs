namespace Ingest.Tests.EndToEnd;

/// <summary>Nothing lost, nothing doubled, whatever is sent again or started again.</summary>
public sealed class OnceTests
{
    [Fact]
    public async Task Records_become_rows_with_typed_values_and_the_place_they_came_from()
    {
        using var city = new City();
        city.Publish("""[{"id":" A1 ","amount":"1,234.5","paid_on":"2026-03-02"},{"id":"A2","paid_on":"20260303","备注":"x"}]""");
        await city.CatchUpAsync();
        Assert.Equal(
            ["A1|1234.50|2026-03-02|housing|null|0|0", "A2|null|2026-03-03|housing|{\"备注\":\"x\"}|0|1"],
            await city.SqlAsync("select id, amount, strftime(event_date, '%Y-%m-%d'), department, _rescued, _offset, _position from payments order by id"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_resent_transfer_adds_no_row()
    {
        using var city = new City();
        for (var i = 0; i < 3; i++) city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A2","amount":2,"paid_on":"2026-03-02"}]""", key: $"{i}");
        var status = await city.CatchUpAsync();
        Assert.Equal(2, await city.CountAsync());
        Assert.Equal((2, 4), (status.Written, status.Duplicates));
        city.Publish("""{"id":"A1","amount":1.00,"paid_on":"2026-03-02"}""");
        Assert.Equal(1, (await city.CatchUpAsync()).Duplicates);
        Assert.Equal(2, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_corrected_record_is_kept_beside_the_first()
    {
        using var city = new City();
        city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A1","amount":2,"paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();
        Assert.Equal(2, await city.CountAsync());
    }

    [Fact]
    public async Task Another_cluster_that_sends_the_same_records_adds_no_row()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","amount":1,"paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        var again = await city.CatchUpAsync(source: "moved", group: "other");
        Assert.Equal((0, 1), (again.Written, again.Duplicates));
        Assert.Equal(1, await city.CountAsync());
    }

    [Fact]
    public async Task A_restart_goes_on_where_the_table_stands_whatever_the_group_says()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        city.Publish("""{"id":"A2","paid_on":"2026-03-02"}""");
        var status = await city.CatchUpAsync(group: "a-group-without-offsets");
        Assert.Equal((1L, 1L, 0L), (status.Records, status.Written, status.Duplicates));
    }

    [Fact]
    public async Task The_local_copies_of_the_index_may_vanish()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        Directory.Delete(city.Cache, recursive: true);
        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        Assert.Equal(1, (await city.CatchUpAsync()).Duplicates);
    }

    [Theory]
    [InlineData("*.run", "deleted")]
    [InlineData("*.run", "damaged")]
    public async Task An_index_that_is_missing_or_damaged_is_rebuilt_from_the_table(string files, string harm)
    {
        using var city = new City();
        for (var i = 0; i < 3; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","amount":"0.10","paid_on":"2026-03-0{{i + 1}}","x":{{i}}},{"id":"B{{i}}","paid_on":"2026-03-02"}]""");
            await city.CatchUpAsync();
        }

        Directory.Delete(city.Cache, recursive: true);
        foreach (var file in Directory.EnumerateFiles(city.Pool, files, SearchOption.AllDirectories).ToArray())
        {
            if (harm == "deleted") File.Delete(file);
            else Flip(file);
        }

        for (var i = 0; i < 3; i++) city.Publish($$"""[{"id":"A{{i}}","amount":"0.10","paid_on":"2026-03-0{{i + 1}}","x":{{i}}},{"id":"B{{i}}","paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((0, 6), (status.Written, status.Duplicates));
        Assert.Equal(6, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    private static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 3] ^= 0x40;
        File.WriteAllBytes(file, bytes);
    }
}
