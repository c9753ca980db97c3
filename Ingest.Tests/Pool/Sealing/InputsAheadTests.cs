using System.Collections.Immutable;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Pool.Sealing;

public sealed class InputsAheadTests
{
    private readonly List<string> _asked = [];
    private readonly Dictionary<string, TaskCompletionSource<Stream>> _answers = [];
    private readonly List<CancellationToken> _tokens = [];

    [Fact]
    public async Task Small_inputs_are_on_their_way_together_and_come_in_order()
    {
        await using var ahead = Ahead([.. Enumerable.Range(0, 40).Select(i => Input($"{i:00}", 1_000))]);
        var first = ahead.NextAsync();
        Assert.Equal(16, _asked.Count);
        foreach (var name in _asked.AsEnumerable().Reverse()) Answer(name);
        var found = new List<string> { Name(await first) };
        for (var i = 1; i < 40; i++)
        {
            var next = ahead.NextAsync();
            foreach (var name in _asked) Answer(name);
            found.Add(Name(await next));
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{i:00}"), found);
        Assert.Equal(found, _asked);
    }

    [Fact]
    public async Task The_first_of_all_goes_alone()
    {
        await using var ahead = Ahead([.. Enumerable.Range(0, 5).Select(i => Input($"{i}", 1_000))], firstAlone: true);
        var first = ahead.NextAsync();
        Assert.Equal(["0"], _asked);
        Answer("0");
        Assert.Equal("0", Name(await first));
        var second = ahead.NextAsync();
        Assert.Equal(["0", "1", "2", "3", "4"], _asked);
        foreach (var name in _asked) Answer(name);
        Assert.Equal("1", Name(await second));
    }

    [Theory]
    [InlineData(new long[] { 5 << 20, 1_000, 1_000 }, 1)]
    [InlineData(new long[] { 1_000, 5 << 20, 1_000 }, 1)]
    [InlineData(new long[] { 2 << 20, 2 << 20, 1 }, 2)]
    [InlineData(new long[] { 1 << 20, 1 << 20, 3 << 20 }, 2)]
    public async Task No_more_lie_in_memory_than_four_megabytes_or_one(long[] sizes, int askedAtFirst)
    {
        await using var ahead = Ahead([.. sizes.Select((size, i) => Input($"{i}", size))]);
        var first = ahead.NextAsync();
        Assert.Equal(askedAtFirst, _asked.Count);
        foreach (var name in _asked.ToArray()) Answer(name);
        await (await first).DisposeAsync();
    }

    [Fact]
    public async Task What_is_wrong_with_an_input_shows_when_its_turn_has_come_and_the_others_are_given_up()
    {
        var ahead = Ahead([Input("a", 1), Input("b", 1), Input("c", 1), Input("d", 1)]);
        var first = ahead.NextAsync();
        _answers["b"].SetException(new InvalidDataException("b is gone"));
        Answer("c");
        Answer("a");
        Assert.Equal("a", Name(await first));
        Assert.Equal("b is gone", (await Assert.ThrowsAsync<InvalidDataException>(async () => await ahead.NextAsync())).Message);
        var ending = ahead.DisposeAsync().AsTask();
        Assert.True(_tokens[3].IsCancellationRequested);
        _answers["d"].SetCanceled();
        await ending.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False((await _answers["c"].Task).CanRead);
    }

    private static SealInput Input(string path, long size) => new(path, size, 1, UInt128.One);

    private static string Name(Stream content)
    {
        using var reader = new StreamReader(content);
        return reader.ReadToEnd();
    }

    private InputsAhead Ahead(ImmutableArray<SealInput> inputs, bool firstAlone = false) => new(inputs, (input, cancellation) =>
    {
        _asked.Add(input.Path);
        _tokens.Add(cancellation);
        _answers.Add(input.Path, new TaskCompletionSource<Stream>());
        return new ValueTask<Stream>(_answers[input.Path].Task);
    }, 16, firstAlone, CancellationToken.None);

    private void Answer(string name) => _answers[name].TrySetResult(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(name)));
}
