"""Florence's two towers, loss and optimiser in PyTorch, written for clarity.

The reference that the parity fixtures and the benchmark of the training step are made with.
Parameter names are UniCL's, as in the checkpoints of `arno`.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    channels: int = 96
    depths: tuple = (2, 2, 6, 2)
    head_dim: int = 32
    window: int = 7
    resolution: int = 224
    text_width: int = 512
    text_heads: int = 8
    text_layers: int = 12
    context_length: int = 77
    vocab_size: int = 49408
    projection_dim: int = 512
    extra: dict = field(default_factory=dict)


def grid_sides(resolution):
    sides = [(resolution + 4 - 7) // 4 + 1]
    for _ in range(3):
        sides.append((sides[-1] + 2 - 3) // 2 + 1)
    return sides


class ConvEmbed(nn.Module):
    """Convolution, then layer norm over the channels. [B, C, H, W] -> [B, H', W', C']."""

    def __init__(self, inputs, outputs, kernel, stride, padding):
        super().__init__()
        self.proj = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x):
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class WindowAttention(nn.Module):
    def __init__(self, dim, window, heads, shift):
        super().__init__()
        self.window, self.heads, self.shift = window, heads, shift
        self.scale = (dim // heads) ** -0.5
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        place = torch.stack([rows.flatten(), columns.flatten()])
        apart = place[:, :, None] - place[:, None, :] + window - 1
        self.register_buffer("index", apart[0] * (2 * window - 1) + apart[1], persistent=False)

    def mask(self, height, width, device):
        """-100 between tokens that the cyclic shift made neighbours, else 0."""
        region = torch.zeros(height, width, device=device)
        cuts = (slice(0, -self.window), slice(-self.window, -self.shift), slice(-self.shift, None))
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                region[rows, columns] = 3 * i + j
        windows = self.partition(region[None, :, :, None]).squeeze(-1)
        return torch.where(windows[:, None, :] == windows[:, :, None], 0.0, -100.0)

    def partition(self, x):
        batch, height, width, channels = x.shape
        w = self.window
        x = x.view(batch, height // w, w, width // w, w, channels)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, channels)

    def forward(self, x):
        batch, side, _, channels = x.shape
        padding = -side % self.window
        x = F.pad(x, (0, 0, 0, padding, 0, padding))
        padded = side + padding
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        windows = self.partition(x)
        tokens = self.window ** 2
        qkv = self.qkv(windows).view(-1, tokens, 3, self.heads, channels // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.index.view(-1)]
        bias = bias.view(tokens, tokens, self.heads).permute(2, 0, 1)
        logits = (q * self.scale) @ k.transpose(-2, -1) + bias
        if self.shift:
            mask = self.mask(padded, padded, x.device)
            logits = logits.view(batch, -1, self.heads, tokens, tokens) + mask[None, :, None]
            logits = logits.view(-1, self.heads, tokens, tokens)
        y = (logits.softmax(-1) @ v).transpose(1, 2).reshape(-1, tokens, channels)
        y = self.proj(y)
        count, w = padded // self.window, self.window
        y = y.view(batch, count, count, w, w, channels).permute(0, 1, 3, 2, 4, 5)
        y = y.reshape(batch, padded, padded, channels)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        return y[:, :side, :side]


class CoSwinBlock(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, window, heads, shift)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(dim, 4 * dim)
        self.mlp.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


class CoSwin(nn.Module):
    def __init__(self, config):
        super().__init__()
        sides = grid_sides(config.resolution)
        self.patch_embed = ConvEmbed(3, config.channels, 7, 4, 2)
        self.layers = nn.ModuleList()
        for stage, depth in enumerate(config.depths):
            dim = config.channels << stage
            layer = nn.Module()
            layer.blocks = nn.ModuleList(
                CoSwinBlock(dim, dim // config.head_dim, min(config.window, sides[stage]),
                            config.window // 2 if b % 2 and sides[stage] > config.window else 0)
                for b in range(depth))
            layer.downsample = ConvEmbed(dim, 2 * dim, 3, 2, 1) if stage < 3 else None
            self.layers.append(layer)
        self.norm = nn.LayerNorm(8 * config.channels)

    def forward(self, images):
        """Images [B, 3, S, S] -> [B, 8 * channels]."""
        x = self.patch_embed(images)
        for layer in self.layers:
            for block in layer.blocks:
                x = block(x)
            if layer.downsample is not None:
                x = layer.downsample(x.permute(0, 3, 1, 2))
        return self.norm(x).mean((1, 2))


class TextBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = nn.LayerNorm(width, eps=1e-12)
        self.ln_2 = nn.LayerNorm(width, eps=1e-12)
        self.mlp = nn.Module()
        self.mlp.c_fc = nn.Linear(width, 4 * width)
        self.mlp.c_proj = nn.Linear(4 * width, width)

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask, is_causal=True)[0]
        hidden = self.mlp.c_fc(self.ln_2(x))
        return x + self.mlp.c_proj(hidden * torch.sigmoid(1.702 * hidden))


class TextTower(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.text_width)
        self.positional_embedding = nn.Parameter(
            torch.empty(config.context_length, config.text_width))
        self.resblocks = nn.ModuleList(
            TextBlock(config.text_width, config.text_heads) for _ in range(config.text_layers))
        self.ln_final = nn.LayerNorm(config.text_width, eps=1e-12)

    def forward(self, tokens, lengths):
        """Tokens [N, L], padded at the end; lengths [N]. -> [N, width] at the last real token."""
        length = tokens.shape[1]
        x = self.token_embedding(tokens) + self.positional_embedding[:length]
        mask = torch.full((length, length), -math.inf, device=x.device, dtype=x.dtype).triu(1)
        for block in self.resblocks:
            x = block(x, mask)
        return self.ln_final(x)[torch.arange(len(x)), lengths - 1]


class Florence(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.image_encoder = CoSwin(config)
        self.text_encoder = TextTower(config)
        self.image_projection = nn.Parameter(torch.empty(8 * config.channels,
                                                         config.projection_dim))
        self.text_projection = nn.Parameter(torch.empty(config.text_width, config.projection_dim))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_image(self, images):
        return F.normalize((self.image_encoder(images) @ self.image_projection).float(), dim=-1)

    def encode_text(self, tokens, lengths):
        return F.normalize((self.text_encoder(tokens, lengths) @ self.text_projection).float(),
                           dim=-1)


def randomize(model, seed):
    """Weights that make every term of every gradient count."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name == "logit_scale":
                continue
            scale = 0.5 / math.sqrt(parameter.shape[-1]) if parameter.dim() > 1 else 0.1
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
            if "norm" in name and name.endswith("weight") or ".ln_" in name and name.endswith(
                    "weight"):
                parameter.add_(1)


def unicl_loss(image, text, labels, logit_scale):
    """Florence, Eq. 1-3, averaged over the batch and over both directions."""
    logits = logit_scale.exp() * image @ text.T
    positive = (labels[:, None] == labels[None, :]).to(logits.dtype)
    target = positive / positive.sum(1, keepdim=True)
    forth = -(target * logits.log_softmax(1)).sum(1).mean()
    back = -(target * logits.T.log_softmax(1)).sum(1).mean()
    return (forth + back) / 2


def decay_groups(model, weight_decay):
    """No decay for vectors, embeddings, relative position tables and the temperature."""
    def decays(name, parameter):
        embedding = "embedding" in name or "relative_position" in name
        return parameter.dim() >= 2 and not embedding
    named = list(model.named_parameters())
    return [{"params": [p for n, p in named if decays(n, p)], "weight_decay": weight_decay},
            {"params": [p for n, p in named if not decays(n, p)], "weight_decay": 0.0}]
