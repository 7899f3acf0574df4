/* Tensors of a model that was compiled with --from, as they stand in checkpoints: with the rows and
 * columns of what was dead. */
#include "trainer.h"

#include <string.h>

const int64_t *plast_whole_shape(const struct plast_tensor *tensor)
{
    return tensor->whole ? tensor->whole->shape : tensor->shape;
}

int64_t plast_whole_rows(const struct plast_tensor *tensor)
{
    return tensor->rank > 0 ? plast_whole_shape(tensor)[0] : 1;
}

int64_t plast_whole_columns(const struct plast_tensor *tensor)
{
    int64_t columns = 1;
    for (int i = 1; i < tensor->rank; i++)
        columns *= plast_whole_shape(tensor)[i];
    return columns;
}

static int64_t place_of(const int32_t *place, int64_t i)
{
    return place ? place[i] : i;
}

bool plast_row_is_left(const struct plast_tensor *tensor, int64_t row, int64_t at)
{
    return at < plast_tensor_rows(tensor) &&
           place_of(tensor->whole ? tensor->whole->row : NULL, at) == row;
}

static bool is_zero(const struct plast_tensor *tensor, const void *line, int64_t i)
{
    return tensor->type == PLAST_U8 ? ((const uint8_t *)line)[i] == 0
                                    : ((const float *)line)[i] == 0;
}

int64_t plast_find_outside(const struct plast_tensor *tensor, const void *line, int64_t row,
                           int64_t at)
{
    int64_t columns = plast_whole_columns(tensor), own = 0;
    if (!tensor->whole)
        return -1;
    if (!plast_row_is_left(tensor, row, at))
        own = plast_tensor_columns(tensor);
    for (int64_t j = 0; j < columns; j++)
        if (own < plast_tensor_columns(tensor) && place_of(tensor->whole->column, own) == j)
            own++;
        else if (!is_zero(tensor, line, j))
            return j;
    return -1;
}

void plast_move_row(const struct plast_tensor *tensor, void *to, const void *from, bool widen)
{
    size_t size = plast_type_size(tensor->type);
    int64_t columns = plast_tensor_columns(tensor);
    const int32_t *column = tensor->whole ? tensor->whole->column : NULL;
    if (!column)
        memcpy(to, from, (size_t)columns * size);
    for (int64_t j = 0; column && j < columns; j++) {
        size_t own = (size_t)j * size, whole = (size_t)column[j] * size;
        memcpy((char *)to + (widen ? whole : own), (const char *)from + (widen ? own : whole),
               size);
    }
}
